"""Models that were trained elsewhere and brought in (`runs.bringing`): nothing in this room is trained."""
