using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// All parameters of a training run laid out in one tensor, and their gradients in another, each parameter being a view
/// of its range. Optimizer, clipping and averaging are then a few operations on two tensors, whatever the number of
/// parameters. In mixed precision the networks compute on a bfloat16 copy of the values, which themselves stay float32
/// (Micikevicius et al. 2018, section 3.1; bfloat16 has the range of float32, so the loss needs no scaling).
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    // Ranges begin at multiples of 64 bytes, as fresh tensors do, for the sake of vectorised kernels.
    private const long Alignment = 16;
    // A few of these fit into a processor's cache together, so that a chain of operations on them reads memory once.
    private const long BlockLength = 1 << 19;

    private readonly nn.Module[] _modules;
    private readonly Tensor? _computedValues, _computedGradients;

    public FlatParameters(IReadOnlyDictionary<string, nn.Module> modules, TrainingPrecision precision = TrainingPrecision.Float32)
    {
        _modules = [.. modules.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Value)];
        var ranges = new List<ParameterRange>();
        var parameters = new List<Parameter>();
        long length = 0;
        foreach ((string component, nn.Module module) in modules.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            foreach ((string name, Parameter parameter) in module.named_parameters())
            {
                if (!parameter.requires_grad) continue;
                ranges.Add(new ParameterRange($"{component}.{name}", parameter.shape, length, parameter.numel()));
                parameters.Add(parameter);
                length += (parameter.numel() + Alignment - 1) / Alignment * Alignment;
            }
        }

        Ranges = ranges;
        using (no_grad())
        using (DisposeScope scope = NewDisposeScope())
        {
            Values = zeros(length).DetachFromDisposeScope();
            Gradients = zeros(length).DetachFromDisposeScope();
            foreach ((ParameterRange range, Parameter parameter) in ranges.Zip(parameters)) range.View(Values).copy_(parameter);
            if (precision == TrainingPrecision.BFloat16)
            {
                _computedValues = Values.to(ScalarType.BFloat16).DetachFromDisposeScope();
                _computedGradients = zeros_like(_computedValues).DetachFromDisposeScope();
            }

            Attach(_computedValues ?? Values, _computedGradients ?? Gradients);
        }
    }

    /// <summary>Views of the consecutive blocks of a flat tensor, to be worked on one after the other.</summary>
    public static Tensor[] Blocks(Tensor flat) =>
    [
        .. from block in Enumerable.Range(0, (int)((flat.numel() + BlockLength - 1) / BlockLength))
           let start = block * BlockLength
           select flat.narrow(0, start, Math.Min(BlockLength, flat.numel() - start)).DetachFromDisposeScope(),
    ];

    /// <summary>Where each parameter lies.</summary>
    public IReadOnlyList<ParameterRange> Ranges { get; }

    /// <summary>The parameters' values, [length].</summary>
    public Tensor Values { get; }

    /// <summary>Their gradients, [length], once they are collected.</summary>
    public Tensor Gradients { get; }

    /// <summary>Sets the gradients to zero before a backward pass.</summary>
    public void ClearGradients() => (_computedGradients ?? Gradients).zero_();

    /// <summary>Makes what backward passes gave available in <see cref="Gradients"/>.</summary>
    public void CollectGradients()
    {
        if (_computedGradients is not null) Gradients.copy_(_computedGradients);
    }

    /// <summary>Lets the networks see the values as they are now.</summary>
    public void Publish() => _computedValues?.copy_(Values);

    /// <summary>The Euclidean norm of all gradients; where it exceeds the maximum, they are scaled down to it (Pascanu et al. 2013).</summary>
    public double ClipGradients(double? maximum)
    {
        using Tensor norm = Gradients.norm();
        double value = norm.item<float>();
        if (value > maximum) Gradients.mul_((maximum.Value / (value + 1e-6)).ToScalar());
        return value;
    }

    /// <summary>Gives the networks float32 parameters again, with the values as they are now.</summary>
    public void Dispose()
    {
        if (_computedValues is not null)
        {
            using IDisposable noGrad = no_grad();
            Attach(Values, Gradients);
            _computedValues.Dispose();
            _computedGradients!.Dispose();
        }

        Values.Dispose();
        Gradients.Dispose();
    }

    // Changing a network's type replaces its parameters, in the same order.
    private void Attach(Tensor values, Tensor gradients)
    {
        foreach (nn.Module module in _modules) module.to(values.dtype);
        IEnumerable<Parameter> parameters = _modules.SelectMany(m => m.parameters()).Where(p => p.requires_grad);
        foreach ((ParameterRange range, Parameter parameter) in Ranges.Zip(parameters))
        {
            using Tensor value = range.View(values);
            parameter.set_(value);
            parameter.grad = range.View(gradients);
        }
    }

    internal sealed record ParameterRange(string Name, long[] Shape, long Offset, long Length)
    {
        public Tensor View(Tensor flat) => flat.narrow(0, Offset, Length).view(Shape);
    }
}
