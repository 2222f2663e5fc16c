namespace LatentDiffusion.Models.Drawings;

/// <summary>Which part of the catalogue a <see cref="DrawingSource"/> draws from.</summary>
public enum DrawingSplit
{
    /// <summary>The combinations a model may learn from.</summary>
    Training,

    /// <summary>The combinations kept back, among them the six prompts.</summary>
    HeldOut,
}
