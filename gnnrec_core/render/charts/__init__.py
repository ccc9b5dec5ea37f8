"""Drawing as functions of results: plotly figures and pyvis networks. Nothing here computes a result."""
