namespace LatentDiffusion.Schedulers;

/// <summary>Small systems of linear equations.</summary>
internal static class LinearSystem
{
    /// <summary>Solves by Gaussian elimination with partial pivoting; overwrites both arguments.</summary>
    public static double[] Solve(double[,] matrix, double[] right)
    {
        int size = right.Length;
        for (int pivot = 0; pivot < size; pivot++)
        {
            int best = pivot;
            for (int row = pivot + 1; row < size; row++)
                if (Math.Abs(matrix[row, pivot]) > Math.Abs(matrix[best, pivot])) best = row;
            for (int column = 0; column < size; column++)
                (matrix[pivot, column], matrix[best, column]) = (matrix[best, column], matrix[pivot, column]);
            (right[pivot], right[best]) = (right[best], right[pivot]);
            for (int row = pivot + 1; row < size; row++)
            {
                double factor = matrix[row, pivot] / matrix[pivot, pivot];
                for (int column = pivot; column < size; column++) matrix[row, column] -= factor * matrix[pivot, column];
                right[row] -= factor * right[pivot];
            }
        }

        for (int row = size - 1; row >= 0; row--)
        {
            for (int column = row + 1; column < size; column++) right[row] -= matrix[row, column] * right[column];
            right[row] /= matrix[row, row];
        }

        return right;
    }
}
