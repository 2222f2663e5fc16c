using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Frozen networks in the precision of a run, until it is disposed: then they have their float32 values again, bit for bit.
/// Those values stay in memory meanwhile. Networks loaded in a half format are left as they are and save that memory.
/// </summary>
internal sealed class FrozenPrecision : IDisposable
{
    private readonly List<(nn.Module Network, Tensor[] Values)> _converted = [];

    public FrozenPrecision(ITrainingObjective objective, TrainingPrecision precision)
    {
        if (precision.CopyType() is not { } type) return;
        using IDisposable noGrad = no_grad();
        foreach (nn.Module network in objective.FrozenNetworks.Distinct())
        {
            using NetworkUse weights = NetworkUse.ToChange(network);
            if (network.parameters().FirstOrDefault()?.dtype != ScalarType.Float32) continue;
            // Converting replaces the parameters; these keep the old values.
            _converted.Add((network, [.. State(network).Select(t => t.detach().DetachFromDisposeScope())]));
            network.to(type);
        }
    }

    public void Dispose()
    {
        using IDisposable noGrad = no_grad();
        foreach ((nn.Module network, Tensor[] values) in _converted)
        {
            using NetworkUse weights = NetworkUse.ToChange(network);
            network.to(ScalarType.Float32);
            foreach ((Tensor tensor, Tensor value) in State(network).Zip(values))
            {
                tensor.set_(value);
                value.Dispose();
            }
        }
    }

    private static IEnumerable<Tensor> State(nn.Module network) =>
        network.parameters().Concat(network.buffers().Where(b => b.is_floating_point()));
}
