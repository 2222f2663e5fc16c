namespace LatentDiffusion.Checkpoints;

/// <summary>How a tensor of a network lies in one of a file.</summary>
internal enum TensorView
{
    /// <summary>As it is.</summary>
    Same,

    /// <summary>Rows and columns exchanged.</summary>
    Transposed,

    /// <summary>The matrix of a 1x1 convolution, or a matrix already.</summary>
    Matrix,

    /// <summary>The first third of the rows: Q of Q, K and V one upon the other.</summary>
    FirstThird,

    /// <summary>The second third of the rows.</summary>
    SecondThird,

    /// <summary>The last third of the rows.</summary>
    LastThird,
}
