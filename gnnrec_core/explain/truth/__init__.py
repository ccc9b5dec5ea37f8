"""What stays true when the model is trained again: trained (retraining), foretold (relearning), and how well the two
agree (calibration). Next to them the luck of a seed (luck)."""
