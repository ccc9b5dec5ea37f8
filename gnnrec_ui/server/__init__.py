"""What a server does between and beside pages: turns, slow work, caches, budgets."""
