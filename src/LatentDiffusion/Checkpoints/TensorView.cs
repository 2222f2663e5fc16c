namespace LatentDiffusion.Checkpoints;

/// <summary>Which view of a stored tensor a tensor of a network is.</summary>
internal enum TensorView
{
    /// <summary>The stored tensor.</summary>
    Same,

    /// <summary>Rows and columns swapped.</summary>
    Transposed,

    /// <summary>The matrix of a 1x1 convolution, or a matrix.</summary>
    Matrix,

    /// <summary>The first third of the rows: Q of stacked Q, K and V.</summary>
    FirstThird,

    /// <summary>The second third of the rows.</summary>
    SecondThird,

    /// <summary>The last third of the rows.</summary>
    LastThird,
}
