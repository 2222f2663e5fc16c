namespace LatentDiffusion.Networks;

/// <summary>Settings shared by the residual blocks of one U-Net.</summary>
/// <param name="TimeChannels">Width of the time embedding.</param>
/// <param name="Groups">Groups of the normalisations.</param>
/// <param name="Eps">Their epsilon.</param>
/// <param name="Activation">Name of the activation.</param>
/// <param name="ScaleShift">Whether the time embedding modulates instead of being added.</param>
/// <param name="Dropout">Probability of dropping a value in training.</param>
internal sealed record ResnetOptions(int TimeChannels, int Groups, double Eps, string Activation, bool ScaleShift, double Dropout)
{
    /// <summary>The output is divided by this.</summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>Whether the time embedding comes without the activation in front of its projection.</summary>
    public bool SkipTimeActivation { get; init; }
}
