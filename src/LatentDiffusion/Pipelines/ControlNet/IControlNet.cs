namespace LatentDiffusion;

/// <summary>A ControlNet as pipelines run it, whatever its model family. Safe for concurrent generations; owns its network.</summary>
internal interface IControlNet : IOffloadable, IDisposable
{
    /// <summary>What it reads and gives.</summary>
    ControlNetDescription Description { get; }

    /// <summary>Begins its part in one run of a scheduler.</summary>
    IControlNetRun Start();
}
