using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A linear layer, y = x·Wᵀ + b. TorchSharp's own leaves its native module allocated when it is disposed (0.107), and fills
/// its weights at random even where a checkpoint is read into them.
/// </summary>
internal sealed class LinearLayer : PackedLayer
{
    [ComponentName(Name = "weight")] private Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;
    private readonly PackedWeight _packed;
    private readonly bool _isGated;

    /// <param name="weight">[out, in]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    /// <param name="isGated">Whether the second half of the outputs is a gate of the first (<see cref="Gate"/>).</param>
    public LinearLayer(Parameter weight, Parameter? bias, bool isGated = false) : base(nameof(LinearLayer))
    {
        (_weight, _bias, _isGated) = (weight, bias, isGated);
        _packed = new PackedWeight(CpuOperators.PackLinear, parts: isGated ? 2 : 1);
        RegisterComponents();
    }

    public override Parameter Weight => _weight;

    /// <summary>[out]; null for none.</summary>
    public Tensor? Bias => _bias;

    /// <summary>Whether a method of several layers may compute the layer with <see cref="Pack"/>.</summary>
    public bool IsFusable => IsPacked && !HasHooks && Stored is null;

    /// <summary>The packed weight for an input of a number of rows, to be disposed after use; in two parts where it is gated.</summary>
    public SharedTensors.Use Pack(Tensor rows) => _packed.For(_weight, rows);

    /// <param name="input">[…, in].</param>
    public override Tensor forward(Tensor input)
    {
        if (Stored is { } stored) return stored.Multiply(input, _bias);
        if (!IsPacked) return nn.functional.linear(input, PlainWeight, _bias);
        using SharedTensors.Use packed = _packed.For(_weight, input);
        if (!_isGated) return CpuOperators.Linear(input, packed.Tensors[0], _bias);
        using DisposeScope scope = NewDisposeScope();
        Tensor[] biases = _bias!.chunk(packed.Tensors.Count);
        return cat([.. packed.Tensors.Zip(biases, (part, bias) => CpuOperators.Linear(input, part, bias))], -1).MoveToOuterDisposeScope();
    }

    /// <summary>residual + y.</summary>
    /// <param name="residual">[…, out].</param>
    /// <param name="input">[…, in].</param>
    public Tensor AddTo(Tensor residual, Tensor input)
    {
        if (!IsPacked || HasHooks || Stored is not null) return call(input).Into(x => residual.Add(x));
        using SharedTensors.Use packed = _packed.For(_weight, input);
        return CpuOperators.LinearAdd(input, packed.Tensors[0], _bias, residual);
    }

    /// <summary>y₁ ⊙ GELU(y₂), of the two halves of the outputs (Shazeer 2020).</summary>
    /// <param name="input">[…, in].</param>
    public Tensor Gate(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        if (!IsPacked || HasHooks || Stored is not null)
        {
            Tensor[] parts = call(input).chunk(2, -1);
            return (parts[0] * nn.functional.gelu(parts[1])).MoveToOuterDisposeScope();
        }

        Tensor[] biases = _bias!.chunk(2);
        using SharedTensors.Use packed = _packed.For(_weight, input);
        Tensor gate = CpuOperators.LinearGelu(input, packed.Tensors[1], biases[1]);
        return CpuOperators.LinearMultiply(input, packed.Tensors[0], biases[0], gate).MoveToOuterDisposeScope();
    }

    public override void Unpack() => _packed.Unpack(_weight);

    public override void Expose() => _packed.Expose(_weight);

    private protected override void Replace(Parameter weight)
    {
        _weight.Dispose();
        _weight = weight;
        ConditionallyRegisterParameter("weight", weight);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _packed.Dispose();
        base.Dispose(disposing);
    }
}
