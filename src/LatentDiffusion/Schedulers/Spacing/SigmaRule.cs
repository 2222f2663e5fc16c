namespace LatentDiffusion.Schedulers;

/// <summary>How a sampler spaces its noise levels.</summary>
internal enum SigmaRule
{
    /// <summary>σ of the chosen training timesteps.</summary>
    Training,
    Karras,
    Exponential,
    Beta,
    Lu,
    Flow,
}
