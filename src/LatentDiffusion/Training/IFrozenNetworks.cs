using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>An objective that computes with networks which it does not train, in the run's precision.</summary>
internal interface IFrozenNetworks
{
    /// <summary>Those networks.</summary>
    IReadOnlyList<nn.Module> Frozen { get; }
}
