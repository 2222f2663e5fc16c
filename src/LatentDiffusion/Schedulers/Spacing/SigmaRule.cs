namespace LatentDiffusion.Schedulers;

/// <summary>How a sampler spaces its noise levels.</summary>
internal enum SigmaRule
{
    /// <summary>Those of the training timesteps chosen.</summary>
    Training,
    Karras,
    Exponential,
    Beta,
    Lu,
    Flow,
}
