using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// All parameters of a training run laid out in one tensor, and their gradients in another, each parameter being a view
/// of its range. Optimizer, clipping and averaging are then a few operations on two tensors, whatever the number of
/// parameters. In mixed precision the networks compute on a bfloat16 or float16 copy of the values, which themselves stay float32
/// (Micikevicius et al. 2018, section 3.1; bfloat16 has the range of float32, so that only float16 needs a <see cref="LossScale"/>).
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    // Ranges begin at multiples of 64 bytes, as fresh tensors do, for the sake of vectorised kernels.
    private const long Alignment = 16;
    // A few of these fit into a processor's cache together, so that a chain of operations on them reads memory once.
    private const long ProcessorBlock = 1 << 19;
    // A graphics card reads memory once for each operation anyway; larger blocks start fewer of them, in bounded temporary memory.
    private const long CardBlock = 1 << 25;

    private readonly nn.Module[] _modules;
    private readonly Tensor? _computedValues, _computedGradients;

    public FlatParameters(IReadOnlyDictionary<string, nn.Module> modules, TrainingPrecision precision = TrainingPrecision.Float32)
    {
        _modules = [.. modules.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Value)];
        foreach (nn.Module module in _modules) NetworkUse.Pin(module);
        var ranges = new List<ParameterRange>();
        var parameters = new List<Parameter>();
        long length = 0;
        foreach ((string component, nn.Module module) in modules.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            using NetworkUse weights = NetworkUse.ToChange(module);
            foreach ((string name, Parameter parameter) in module.named_parameters())
            {
                if (!parameter.requires_grad) continue;
                ranges.Add(new ParameterRange(component, $"{component}.{name}", parameter.shape, length, parameter.numel()));
                parameters.Add(parameter);
                length += LengthOf(parameter.shape);
            }
        }

        Ranges = ranges;
        Length = length;
        Groups = [.. Components(modules.Keys.Order(StringComparer.Ordinal), ranges, length)];
        using (no_grad())
        using (DisposeScope scope = NewDisposeScope())
        {
            Device device = parameters.Count == 0 ? CPU : parameters[0].device;
            Values = zeros(length, device: device).DetachFromDisposeScope();
            Gradients = zeros(length, device: device).DetachFromDisposeScope();
            foreach ((ParameterRange range, Parameter parameter) in ranges.Zip(parameters)) range.View(Values).copy_(parameter);
            if (precision.CopyType() is { } type)
            {
                _computedValues = Values.to(type).DetachFromDisposeScope();
                _computedGradients = zeros_like(_computedValues).DetachFromDisposeScope();
            }

            Attach(_computedValues ?? Values, _computedGradients ?? Gradients);
        }
    }

    /// <summary>Number of values that a parameter takes, those up to the next parameter included.</summary>
    public static long LengthOf(long[] shape) =>
        (shape.Aggregate(1L, (product, n) => product * n) + Alignment - 1) / Alignment * Alignment;

    /// <summary>Views of the consecutive blocks of a flat tensor, to be worked on one after the other.</summary>
    public static Tensor[] Blocks(Tensor flat) => Blocks(flat, 0, flat.numel());

    /// <summary>Views of the consecutive blocks of a part of a flat tensor.</summary>
    public static Tensor[] Blocks(Tensor flat, long offset, long length) =>
        [.. BlockRanges(flat.device, length).Select(b => flat.narrow(0, offset + b.Start, b.Length).DetachFromDisposeScope())];

    /// <summary>The consecutive blocks of a length.</summary>
    public static IEnumerable<(long Start, long Length)> BlockRanges(Device device, long length)
    {
        long block = BlockLength(device);
        for (long start = 0; start < length; start += block) yield return (start, Math.Min(block, length - start));
    }

    /// <summary>How many values are worked on at a time, which depends on the device.</summary>
    public static long BlockLength(Device device) => device.type == DeviceType.CPU ? ProcessorBlock : CardBlock;

    /// <summary>Which part each component's parameters take, in order.</summary>
    public IReadOnlyList<ComponentRange> Groups { get; }

    /// <summary>Number of values, those between the parameters included.</summary>
    public long Length { get; }

    /// <summary>Where each parameter lies.</summary>
    public IReadOnlyList<ParameterRange> Ranges { get; }

    /// <summary>The parameters' values, [length].</summary>
    public Tensor Values { get; }

    /// <summary>Their gradients, [length], once they are collected.</summary>
    public Tensor Gradients { get; }

    /// <summary>Sets the gradients to zero before a step's backward passes.</summary>
    public void ClearGradients()
    {
        Clear(Gradients);
        if (_computedGradients is not null) Clear(_computedGradients);
    }

    /// <summary>Adds the gradients of a backward pass to <see cref="Gradients"/>; in mixed precision the sum is a float32 one.</summary>
    /// <param name="scale">What the loss was multiplied by; 1 unless in float16.</param>
    public void CollectGradients(double scale = 1)
    {
        if (_computedGradients is null) return;
        using IDisposable noGrad = no_grad();
        Gradients.AddInPlace(_computedGradients, 1 / scale);
        Clear(_computedGradients);
    }

    /// <summary>Lets the networks see the values as they are now.</summary>
    public void Publish() => _computedValues?.copy_(Values);

    /// <summary>
    /// The Euclidean norm of all gradients; where it exceeds the maximum, they are scaled down to it (Pascanu et al. 2013).
    /// </summary>
    /// <param name="maximum">The largest norm; null for no bound.</param>
    /// <param name="byComponent">Whether each component's gradients have a separate norm.</param>
    public double ClipGradients(double? maximum, bool byComponent = false)
    {
        if (!byComponent) return Clip(Gradients, maximum);
        double squares = 0;
        foreach (ComponentRange group in Groups)
        {
            using Tensor gradients = Gradients.narrow(0, group.Offset, group.Length);
            double norm = Clip(gradients, maximum);
            squares += norm * norm;
        }

        return Math.Sqrt(squares);
    }

    // Unlike other operators in place, zero_ returns another object.
    private static void Clear(Tensor gradients) => gradients.zero_().Dispose();

    private static double Clip(Tensor gradients, double? maximum)
    {
        using Tensor norm = gradients.norm();
        double value = norm.item<float>();
        if (value > maximum) gradients.MultiplyInPlace(maximum.Value / (value + 1e-6));
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
        foreach (nn.Module module in _modules) NetworkUse.Unpin(module);
    }

    private static IEnumerable<ComponentRange> Components(IEnumerable<string> names, IReadOnlyList<ParameterRange> ranges, long length)
    {
        long[] starts = [.. names.Select(name => ranges.FirstOrDefault(r => r.Component == name)?.Offset ?? -1)];
        foreach ((int i, string name) in names.Index())
        {
            if (starts[i] < 0) continue;
            long next = starts.Skip(i + 1).FirstOrDefault(s => s >= 0, length);
            yield return new ComponentRange(name, starts[i], next - starts[i]);
        }
    }

    // Changing a network's type replaces its parameters, in the same order.
    private void Attach(Tensor values, Tensor gradients)
    {
        NetworkUse.Change(_modules, () =>
        {
            foreach (nn.Module module in _modules) module.to(values.dtype);
            IEnumerable<Parameter> parameters = _modules.SelectMany(m => m.parameters()).Where(p => p.requires_grad);
            foreach ((ParameterRange range, Parameter parameter) in Ranges.Zip(parameters))
            {
                using Tensor value = range.View(values);
                parameter.set_(value);
                parameter.grad = range.View(gradients);
            }
        });
    }

    internal sealed record ComponentRange(string Name, long Offset, long Length);

    internal sealed record ParameterRange(string Component, string Name, long[] Shape, long Offset, long Length)
    {
        public Tensor View(Tensor flat) => flat.narrow(0, Offset, Length).view(Shape);
    }
}
