"""What each kind of layer multiplies the gradient by, in words: J' g for the gradient g that arrives."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["factor"]

# x: what the layer was given, y: what it gave, g: the gradient for y, W: its weights, b: its biases.
_LINEAR = (
    "g W: an input gets from every output its g times the weight between them; W gets g x, b gets g",
    "g W: 입력은 각 출력의 g에 그 사이의 가중치를 곱한 값을 모두 더해 받습니다. W는 g x를, b는 g를 받습니다",
)
_CONVOLUTION = (
    "an input gets, from every window that it lies in, g times the filter's weight there; the filter gets the sum of "
    "g x over all windows, b that of g",
    "입력은 자신이 들어간 창마다 g에 그 자리의 필터 가중치를 곱한 값을 더해 받습니다. 필터는 모든 창의 g x의 합을, "
    "b는 g의 합을 받습니다",
)
_NORM = (
    "W g, less its mean and its part along the normalised x, divided by the standard deviation of x",
    "W g에서 그 평균과 정규화된 x 방향의 성분을 뺀 뒤 x의 표준편차로 나눕니다",
)
_LARGEST = (
    "g goes to the largest value alone (in equal shares where several are), 0 to all others",
    "g는 가장 큰 값에만 가고(여럿이면 똑같이 나눕니다) 나머지는 0을 받습니다",
)
_MEAN = ("g / n for each of n values", "n개의 값이 각각 g / n을 받습니다")
_TABLE = (
    "nothing: a token is the number of a row, not an amount; g is the gradient of that row",
    "없음: 토큰은 양이 아니라 행 번호이기 때문입니다. g는 그 행의 기울기가 됩니다",
)
_BAG = (
    "an n-gram's weight gets scale g W, summed over W's row; the row gets scale g times that weight",
    "n-그램의 무게는 배율 g W를 그 행에 걸쳐 더한 값을, 행은 배율 g에 그 무게를 곱한 값을 받습니다",
)

_FACTORS: Mapping[str, tuple[str, str]] = {
    "Linear": _LINEAR,
    "Conv1d": _CONVOLUTION,
    "Conv2d": _CONVOLUTION,
    "relu": ("g where x > 0, else 0", "x > 0인 곳은 g, 나머지는 0"),
    "sigmoid": ("g y (1 - y): at most g / 4", "g y (1 - y): 커도 g / 4"),
    "tanh": ("g (1 - y y): at most g", "g (1 - y y): 커도 g"),
    "gelu": ("g times the slope of gelu at x", "g에 x에서의 gelu의 기울기를 곱한 값"),
    "silu": ("g times the slope of silu at x", "g에 x에서의 silu의 기울기를 곱한 값"),
    "softmax": ("y (g - sum of g y)", "y (g - g y의 합)"),
    "log_softmax": ("g - softmax(x) times the sum of g", "g - softmax(x)에 g의 합을 곱한 값"),
    "Dropout": (
        "g / (1 - p) where it kept x, 0 where it dropped it; g where it is off",
        "x를 남긴 곳은 g / (1 - p), 버린 곳은 0. 꺼져 있으면 g 그대로",
    ),
    "Embedding": _TABLE,
    "EmbeddingBag": (
        "a row gets g times the weight of what was read of it, and that weight the sum of g times the row",
        "행은 g에 읽힌 것의 무게를 곱한 값을, 그 무게는 g와 행을 곱해 더한 값을 받습니다",
    ),
    "Wide": (
        f"{_BAG[0]}, b gets g",
        "n-그램의 무게는 배율 g W를 그 행에 걸쳐 더한 값을, 행은 배율 g에 그 무게를 곱한 값을, b는 g를 받습니다",
    ),
    "BagReader": _BAG,
    "Embedded": (
        "g for what the table gave (times the token's weight, 1); to that weight the sum of g times the row",
        "표가 준 값은 g(토큰의 무게 1을 곱함)를, 그 무게는 g와 행을 곱해 더한 값을 받습니다",
    ),
    "LayerNorm": _NORM,
    "BatchNorm1d": _NORM,
    "BatchNorm2d": _NORM,
    "RMSNorm": (
        "W g, less its part along x, divided by the root mean square of x",
        "W g에서 x 방향의 성분을 뺀 뒤 x의 제곱평균제곱근으로 나눕니다",
    ),
    "MultiHeadAttention": (
        "values get g by the weights of attention; queries and keys get it through softmax: y (g - sum of g y)",
        "값은 주의 가중치만큼 g를 받고, 질의와 키는 softmax를 거쳐 y (g - g y의 합)를 받습니다",
    ),
    "TransformerEncoderLayer": (
        "g itself along the shortcuts, plus what comes back through attention and the two linear layers",
        "지름길로는 g 그대로, 거기에 주의와 두 선형 층을 거쳐 돌아온 것을 더합니다",
    ),
    "LSTM": (
        "position by position back: the state of a position passes g times its forget gate on to the one before",
        "한 자리씩 거꾸로: 각 자리의 상태는 g에 망각 게이트를 곱해 앞자리로 넘깁니다",
    ),
    "GRU": (
        "position by position back: the state of a position passes g times its gate z on to the one before",
        "한 자리씩 거꾸로: 각 자리의 상태는 g에 게이트 z를 곱해 앞자리로 넘깁니다",
    ),
    "max_over_time": _LARGEST,
    "MaxPool1d": _LARGEST,
    "MaxPool2d": _LARGEST,
    "mean_over_time": _MEAN,
    "AvgPool1d": _MEAN,
    "AvgPool2d": _MEAN,
}


def factor(kind: str, language: str = "en") -> str | None:
    """What a layer of that kind makes of a gradient g; None for one that only puts others together."""
    words = _FACTORS.get(kind)
    return None if words is None else words[language == "ko"]
