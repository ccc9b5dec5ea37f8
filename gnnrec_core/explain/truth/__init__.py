"""How far an explanation can be trusted: faithfulness, planted truth, retraining."""
