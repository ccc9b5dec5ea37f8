"""Tables divided among the processes of `torchrun`: who has which node, how rows travel, and a model over such tables.

Every process knows the whole graph. Of the embeddings, their gradients, Adam's moments and the layers it holds its own
nodes alone, people and items both. Rows that it needs of others come by one exchange a layer, and their gradients go
back the same way, so the figures are those of one process up to rounding.
"""
