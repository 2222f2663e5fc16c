namespace LatentDiffusion.Checkpoints;

/// <summary>How tensors of unknown names in a file are handled.</summary>
public enum UnknownTensorHandling
{
    /// <summary>The file is refused, and the error names the tensors.</summary>
    Refuse,

    /// <summary>Known tensors are used; the others are ignored.</summary>
    Ignore,
}
