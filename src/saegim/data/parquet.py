"""Parquet, read by polars."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from saegim.data.records import Records
from saegim.errors import DataError


def read_parquet(path: Path, source: str) -> Records:
    """The columns of a Parquet file; only those that are asked for are read. Rows are counted from 1."""
    try:
        frame = pl.scan_parquet(path, glob=False)
        schema = frame.collect_schema()
        count = int(frame.select(pl.len()).collect().item())
    except BaseException as error:
        raise _unreadable(error, source) from None

    def column(index: int) -> list[object]:
        name = schema.names()[index]
        try:
            return frame.select(_plain(pl.col(name), schema[name])).collect().to_series().to_list()
        except BaseException as error:
            raise _unreadable(error, source) from None

    if count == 0:
        raise DataError(f"{source} holds no rows; give texts with labels")
    return Records(schema.names(), True, column, list(range(1, count + 1)), unit="row")


def _plain(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return column.cast(pl.String) if isinstance(dtype, pl.Categorical | pl.Enum) else column


def _unreadable(error: BaseException, source: str) -> BaseException:
    """A panic of polars (which is no Exception) is the file's fault like any other of its errors."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        return error
    return DataError(f"{source} cannot be read as Parquet ({str(error).splitlines()[0][:100]}); write it anew")
