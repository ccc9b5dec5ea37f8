import numpy as np
import scipy.sparse as sp
import torch

from gnnrec_core.models.ops.sparse import add_decay, csr_tensor, product


def random_matrix(n=40, m=30, density=0.1, seed=0):
    return sp.random_array((n, m), density=density, rng=seed, format="csr", dtype=np.float32)


def test_a_product_is_that_of_the_dense_matrices_with_empty_rows_too():
    matrix = random_matrix()
    assert (np.diff(matrix.indptr) == 0).any()
    x = torch.randn(30, 64, generator=torch.Generator().manual_seed(0))
    found = product(csr_tensor(matrix), x)
    assert torch.allclose(found, torch.from_numpy(matrix.toarray()) @ x, atol=1e-6)
    assert torch.allclose(found, csr_tensor(matrix) @ x, atol=1e-6)


def test_a_product_keeps_double_precision():
    matrix = random_matrix().astype(np.float64)
    x = torch.randn(30, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = product(csr_tensor(matrix, dtype=np.float64), x)
    assert found.dtype == torch.float64
    assert torch.allclose(found, torch.from_numpy(matrix.toarray()) @ x, atol=1e-14)


def test_decay_pulls_a_row_as_often_as_it_is_named():
    table = torch.tensor([[3.0, 4.0], [1.0, 0.0], [7.0, 7.0]], dtype=torch.float64, requires_grad=True)
    table.sum().backward()
    add_decay(table, torch.tensor([0, 1, 0]), 0.5)
    assert table.grad.tolist() == [[1 + 3.0, 1 + 4.0], [1 + 0.5, 1.0], [1.0, 1.0]]
