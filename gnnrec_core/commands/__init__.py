"""The commands of the contract, one file each: `configure(parser)` declares arguments, `run(arguments)` answers.

`run` returns an `Answer`, or the JSON object of the contract; `view(content)`, where a command has it, draws it
as sections of blocks, else it is drawn as facts and tables. `exit_code(content)` says how the command ends (default 0).
"""

from gnnrec_core.base.registry import Plugin, Registry

COMMANDS = Registry(
    "command",
    Plugin(
        "data import",
        "gnnrec_core.commands.data.import_source",
        "Import",
        "Read a file or a folder into a dataset.",
    ),
    Plugin(
        "data describe",
        "gnnrec_core.commands.data.describe",
        "Describe",
        "Sizes and distributions of a dataset.",
    ),
    Plugin(
        "data suspicious",
        "gnnrec_core.commands.data.suspicious",
        "Suspicious",
        "Programs, copies and made-up profiles in a log, and what they change.",
    ),
    Plugin("train", "gnnrec_core.commands.runs.train", "Train", "Train a model on a dataset."),
    Plugin(
        "run import",
        "gnnrec_core.commands.runs.import_run",
        "Import a run",
        "A run out of lists, weights or a scorer made elsewhere.",
    ),
    Plugin(
        "estimate",
        "gnnrec_core.commands.runs.estimate",
        "Estimate",
        "Time and memory of a training, before it starts.",
    ),
    Plugin(
        "evaluate",
        "gnnrec_core.commands.runs.evaluate",
        "Evaluate",
        "Accuracy of a run on held-out interactions.",
    ),
    Plugin("recommend", "gnnrec_core.commands.runs.recommend", "Recommend", "The best unseen items of users."),
    Plugin("fold-in", "gnnrec_core.commands.runs.fold_in", "Fold in", "A list for somebody who is not in the data."),
    Plugin("explain", "gnnrec_core.commands.explain.explain", "Explain", "Why this item, for this user?"),
    Plugin(
        "counterfactual",
        "gnnrec_core.commands.explain.counterfactual",
        "Counterfactual",
        "What takes an item off a list?",
    ),
    Plugin(
        "why-not",
        "gnnrec_core.commands.explain.why_not",
        "Why not",
        "What an item lacks, and what would lift it in.",
    ),
    Plugin(
        "retrain",
        "gnnrec_core.commands.explain.retrain",
        "Retrain",
        "Train without some interactions, and look again.",
    ),
    Plugin(
        "calibrate",
        "gnnrec_core.commands.explain.calibrate",
        "Calibrate",
        "How true is what is foretold for a run?",
    ),
    Plugin("luck", "gnnrec_core.commands.explain.luck", "Luck", "What another seed would have kept of the lists."),
    Plugin(
        "report",
        "gnnrec_core.commands.explain.report",
        "Report",
        "The evidence of one case, as a page and as JSON.",
    ),
    Plugin("audit", "gnnrec_core.commands.audit.audit", "Audit", "Who is served badly, and what is never shown?"),
    Plugin(
        "mitigate",
        "gnnrec_core.commands.audit.mitigate",
        "Mitigate",
        "What a re-ranking would change, and who loses.",
    ),
    Plugin(
        "update",
        "gnnrec_core.commands.change.update",
        "Update",
        "A run learns what is new in newer data, and keeps what it knew.",
    ),
    Plugin(
        "tune",
        "gnnrec_core.commands.audit.tune",
        "Tune",
        "Other settings of a linear model's operator, without training.",
    ),
    Plugin(
        "gap-edges",
        "gnnrec_core.commands.audit.gap_edges",
        "Gap edges",
        "Which interactions carry a difference?",
    ),
    Plugin("compare", "gnnrec_core.commands.audit.compare", "Compare", "Runs side by side with paired differences."),
    Plugin("drivers", "gnnrec_core.commands.whole.drivers", "Drivers", "What carries all lists together?"),
    Plugin("item", "gnnrec_core.commands.whole.item", "Item", "Who gets an item, why, and what would help it?"),
    Plugin("parameters", "gnnrec_core.commands.whole.parameters", "Parameters", "Which inputs do the lists rest on?"),
    Plugin("card", "gnnrec_core.commands.whole.card", "Card", "The system card of a run, for its file."),
    Plugin("cases", "gnnrec_core.commands.whole.cases", "Cases", "Lists whose explanations have a shape."),
    Plugin(
        "gate",
        "gnnrec_core.commands.decide.gate",
        "Gate",
        "Candidate against incumbent: ship, hold or cannot tell.",
    ),
    Plugin("search", "gnnrec_core.commands.decide.search", "Search", "Settings of a model by search, on validation."),
    Plugin("compress", "gnnrec_core.commands.decide.compress", "Compress", "A smaller run, and what that costs."),
    Plugin("cold-start", "gnnrec_core.commands.decide.cold_start", "Cold start", "Which list for somebody new?"),
    Plugin(
        "cross-validate",
        "gnnrec_core.commands.decide.cross_validate",
        "Cross-validate",
        "One training on several splits, and how far they differ.",
    ),
    Plugin("ab plan", "gnnrec_core.commands.decide.ab_plan", "A/B plan", "How large must an experiment be?"),
    Plugin(
        "ab read", "gnnrec_core.commands.decide.ab_read", "A/B read", "What an experiment's log says, and for whom."
    ),
    Plugin("as-of", "gnnrec_core.commands.change.as_of", "As of", "Graph, list, ledger and audit as of a day."),
    Plugin("drift", "gnnrec_core.commands.change.drift", "Drift", "One person's choices and reasons over time."),
    Plugin("robustness", "gnnrec_core.commands.change.robustness", "Robustness", "What shaken data do, and to whom."),
    Plugin("forget", "gnnrec_core.commands.change.forget", "Forget", "A run without a person or item, and a receipt."),
    Plugin("rounds", "gnnrec_core.commands.change.rounds", "Rounds", "Rounds of feedback: who is left behind?"),
    Plugin("attack", "gnnrec_core.commands.change.attack", "Attack", "What fake accounts can push, and for whom."),
    Plugin("sample", "gnnrec_core.commands.data.sample", "Sample", "Make the shipped sample data again."),
    Plugin("serve", "gnnrec_core.commands.serving.serve", "Serve", "The same answers over HTTP, for programs."),
    Plugin(
        "mcp", "gnnrec_core.commands.serving.mcp", "MCP", "The same answers as tools of the Model Context Protocol."
    ),
    Plugin("app", "gnnrec_core.commands.app", "App", "Open the dashboard, on the sample or on runs of your own."),
    Plugin("job", "gnnrec_core.commands.runs.job", "Job", "Wait in line, then train: what the Train page starts."),
)
