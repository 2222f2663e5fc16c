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
}
