"""Tables divided among the processes of `torchrun`: who has which node, how rows travel, and a model over such tables.

Every process knows the whole graph. Of the embeddings, their gradients, Adam's moments and the layers it holds its own
nodes alone, people and items both. A layer brings the rows of items to the people and sums over people to the items;
gradients go the same ways back, so the figures are those of one process up to rounding.
"""
