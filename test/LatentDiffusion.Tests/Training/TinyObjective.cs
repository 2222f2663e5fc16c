using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Linear regression on data that follow from the step.</summary>
internal sealed class TinyObjective : ITrainingObjective, IDisposable
{
    private readonly Linear _network;
    private readonly Func<long, double> _factor;

    public TinyObjective(Func<long, double>? factor = null)
    {
        _factor = factor ?? (_ => 1);
        _network = nn.Linear(5, 3);
        using IDisposable noGrad = no_grad();
        _network.weight!.copy_(Reference.FormulaWeights.Input("w", [3, 5]));
        _network.bias!.copy_(Reference.FormulaWeights.Input("b", [3]));
        Modules = new Dictionary<string, nn.Module> { ["line"] = _network };
    }

    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    public float[] Weights => [.. _network.weight!.detach().data<float>(), .. _network.bias!.detach().data<float>()];

    public IReadOnlyList<string> Items(long index) => [$"batch {index}"];

    public Tensor Loss(TrainingStep step)
    {
        step.Report("index", step.Index);
        Tensor input = randn(8, 5, generator: step.Generator);
        return (_network.call(input.to(_network.weight!.dtype)).to(ScalarType.Float32) - input.narrow(1, 0, 3))
            .square()
            .mean() * _factor(step.Index);
    }

    public void Dispose() => _network.Dispose();
}
