"""Rules and a network together: who goes first, and when nothing is answered.

together = Together.fit(classifier, rules, min_accuracy=0.95)   fitted on the classifier's validation texts
together.predict(texts)          a label for every text, None where it abstains
together.decide(texts)           the same with who decided, by which rules, and how sure it is
together.policy                  what was found: which rules go first, the threshold, and what to expect
together.save("model")           a model folder with the network, the rules and the policy
"""

from __future__ import annotations

from saegim.together.policy import Policy, RuleRecord, Trial
from saegim.together.together import Answer, Together

__all__ = ["Answer", "Policy", "RuleRecord", "Together", "Trial"]
