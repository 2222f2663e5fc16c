using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// All parameters of a training run laid out in one tensor, and their gradients in another, each parameter being a view
/// of its range. Optimizer, clipping and averaging are then a few operations on two tensors, whatever the number of
/// parameters.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    // Ranges begin at multiples of 64 bytes, as fresh tensors do, for the sake of vectorised kernels.
    private const long Alignment = 16;

    public FlatParameters(IReadOnlyDictionary<string, nn.Module> modules)
    {
        var ranges = new List<ParameterRange>();
        long length = 0;
        foreach ((string component, nn.Module module) in modules.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            foreach ((string name, Parameter parameter) in module.named_parameters())
            {
                if (!parameter.requires_grad) continue;
                ranges.Add(new ParameterRange($"{component}.{name}", parameter, length, parameter.numel()));
                length += (parameter.numel() + Alignment - 1) / Alignment * Alignment;
            }
        }

        Ranges = ranges;
        using (no_grad())
        using (DisposeScope scope = NewDisposeScope())
        {
            Values = zeros(length).DetachFromDisposeScope();
            Gradients = zeros(length).DetachFromDisposeScope();
            foreach (ParameterRange range in ranges)
            {
                Tensor view = range.View(Values);
                view.copy_(range.Parameter);
                range.Parameter.set_(view);
                range.Parameter.grad = range.View(Gradients);
            }
        }
    }

    /// <summary>Where each parameter lies.</summary>
    public IReadOnlyList<ParameterRange> Ranges { get; }

    /// <summary>The parameters' values, [length].</summary>
    public Tensor Values { get; }

    /// <summary>Their gradients, [length]; backward passes add to it.</summary>
    public Tensor Gradients { get; }

    /// <summary>The Euclidean norm of all gradients; where it exceeds the maximum, they are scaled down to it (Pascanu et al. 2013).</summary>
    public double ClipGradients(double? maximum)
    {
        using Tensor norm = Gradients.norm();
        double value = norm.item<float>();
        if (value > maximum) Gradients.mul_((maximum.Value / (value + 1e-6)).ToScalar());
        return value;
    }

    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    internal sealed record ParameterRange(string Name, Parameter Parameter, long Offset, long Length)
    {
        public Tensor View(Tensor flat) => flat.narrow(0, Offset, Length).view(Parameter.shape);
    }
}
