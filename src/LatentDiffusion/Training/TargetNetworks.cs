using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The target networks of a run, whose parameters are views of a running average of the trained ones; in mixed precision, of a copy in
/// its format.
/// </summary>
internal sealed class TargetNetworks : IDisposable
{
    private readonly IReadOnlyDictionary<string, nn.Module> _networks;
    private readonly FlatParameters _parameters;
    private readonly ExponentialMovingAverage _average;
    private readonly Tensor? _computed;

    private TargetNetworks(ITrainingObjective objective, FlatParameters parameters, TrainingPrecision precision)
    {
        (_networks, _parameters, Decay) = (objective.Targets, parameters, objective.TargetDecay);
        foreach (nn.Module network in _networks.Values) NetworkUse.Pin(network);
        string[] missing = [];
        NetworkUse.Change([.. _networks.Values], () =>
        {
            Dictionary<string, Parameter> named = Named();
            missing = [.. parameters.Ranges
                .Where(r => named.GetValueOrDefault(r.Name)?.shape.SequenceEqual(r.Shape) != true)
                .Select(r => r.Name)];
        });
        if (missing.Length > 0)
            throw new ArgumentException(
                $"The objective's target networks lack {string.Join(", ", missing)}, or have it in another shape.", nameof(objective));
        _average = new ExponentialMovingAverage(parameters, objective.TargetDecay, warmup: false);
        if (precision.CopyType() is { } type) _computed = _average.Values.to(type).DetachFromDisposeScope();
        Attach(_computed ?? _average.Values);
    }

    /// <summary>Target networks of an objective; null if it has none.</summary>
    /// <exception cref="ArgumentException">They have not the parameters that are trained.</exception>
    public static TargetNetworks? Create(ITrainingObjective objective, FlatParameters parameters, TrainingPrecision precision) =>
        objective.Targets.Count > 0 ? new TargetNetworks(objective, parameters, precision) : null;

    /// <summary>Decay of the average.</summary>
    public double Decay { get; }

    /// <summary>The averaged values, in the layout of the parameters.</summary>
    public Tensor Values => _average.Values;

    /// <param name="step">Number of the update just done, from 1.</param>
    public void Update(long step)
    {
        _average.Update(step);
        Publish();
    }

    /// <summary>Lets the networks see the average as it is now.</summary>
    public void Publish() => _computed?.copy_(_average.Values);

    /// <summary>Leaves the networks with float32 parameters that hold the average as it is now.</summary>
    public void Dispose()
    {
        if (_computed is not null)
        {
            Attach(_average.Values);
            _computed.Dispose();
        }

        _average.Dispose();
        foreach (nn.Module network in _networks.Values) NetworkUse.Unpin(network);
    }

    // Changing a network's type replaces its parameters, so they are looked up after it.
    private void Attach(Tensor values)
    {
        using IDisposable noGrad = no_grad();
        NetworkUse.Change([.. _networks.Values], () =>
        {
            foreach (nn.Module network in _networks.Values) network.to(values.dtype);
            Dictionary<string, Parameter> named = Named();
            foreach (FlatParameters.ParameterRange range in _parameters.Ranges)
            {
                using Tensor view = range.View(values);
                named[range.Name].set_(view);
            }
        });
    }

    private Dictionary<string, Parameter> Named() => _networks
        .SelectMany(network => network.Value.named_parameters().Select(p => (Name: $"{network.Key}.{p.name}", p.parameter)))
        .ToDictionary(p => p.Name, p => p.parameter);
}
