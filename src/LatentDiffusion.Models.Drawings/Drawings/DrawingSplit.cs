namespace LatentDiffusion.Models.Drawings;

/// <summary>Which part of the catalogue a <see cref="DrawingSource"/> draws from.</summary>
public enum DrawingSplit
{
    /// <summary>The combinations that a model is trained on.</summary>
    Training,

    /// <summary>The combinations held out from training, among them the six prompts.</summary>
    HeldOut,
}
