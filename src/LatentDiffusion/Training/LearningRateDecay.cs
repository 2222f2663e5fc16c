namespace LatentDiffusion;

/// <summary>How the learning rate goes on after its warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls on a straight line.</summary>
    Linear,

    /// <summary>It falls on half a cosine (Loshchilov &amp; Hutter 2017).</summary>
    Cosine,
}
