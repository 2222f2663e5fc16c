namespace LatentDiffusion.Checkpoints;

/// <summary>How a file is read that holds tensors of unknown names.</summary>
public enum UnknownTensorHandling
{
    /// <summary>The file is refused, and the error names the tensors.</summary>
    Refuse,

    /// <summary>What is known is used, and the rest is ignored.</summary>
    Ignore,
}
