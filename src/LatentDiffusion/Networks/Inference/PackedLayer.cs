using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A layer whose weight is packed in the inference form (<see cref="InferenceForm"/>). The parameter then needs no values, and
/// has none, unless somebody may hold it: a parameter that was once given out by <c>named_parameters</c>, <c>state_dict</c>,
/// <c>get_parameter</c> and the like keeps its values next to the packed ones, and every evaluation uses the values that it
/// holds. The library reads parameters within <see cref="NetworkUse"/> and keeps none, so that these are not given out.
/// </summary>
internal abstract class PackedLayer : nn.Module<Tensor, Tensor>
{
    /// <param name="name">Name of the class.</param>
    private protected PackedLayer(string name) : base(NativeModule.Create(name), 0)
    {
    }

    /// <summary>The parameter, to ask for its shape and type. It may have no values.</summary>
    public abstract Parameter Weight { get; }

    /// <summary>The weight as a file stores it; the parameter then never has values. Null where it has.</summary>
    public StoredMatrix? Stored { get; private set; }

    /// <summary>Whether the weight has no memory yet: it is read as stored, or <see cref="Allocate"/> gives it memory.</summary>
    public bool IsDeferred => KeepsStored && Stored is null && Weight.device_type == TorchSharp.DeviceType.META;

    /// <summary>Whether the weight is kept as stored where the file's type allows. Other weights without memory stay without.</summary>
    public bool KeepsStored { get; init; }

    /// <summary>The network that the layer belongs to, once that has been evaluated.</summary>
    public NetworkWeights? Network { get; set; }

    /// <summary>Whether the layer computes with its packed weight: in an evaluation of its network in the inference form.</summary>
    public bool IsPacked => Network is { IsEvaluatedPacked: true } && !is_grad_enabled();

    /// <summary>Whether somebody hooked into the layer, so that it has to be called. Fused operators call nothing.</summary>
    public bool HasHooks => pre_hooks.Count > 0 || post_hooks.Count > 0;

    /// <summary>The parameter with its values, which stay while the layer computes, whoever evaluates it.</summary>
    private protected Parameter PlainWeight
    {
        get
        {
            if (Network is not { IsHeldPlain: true }) Expose();
            return Weight;
        }
    }

    /// <summary>Keeps the weight as stored. The layer owns it.</summary>
    public void Keep(StoredMatrix stored) => Stored = stored;

    /// <summary>Gives a deferred weight the memory for its values.</summary>
    /// <returns>The new parameter.</returns>
    public Parameter Allocate()
    {
        var allocated = (Parameter)nn.Parameter(empty(Weight.shape, Weight.dtype, CPU)).DetachFromDisposeScope();
        Replace(allocated);
        return allocated;
    }

    /// <summary>Gives the parameter its values back. The network is held exclusively.</summary>
    public abstract void Unpack();

    /// <summary>Gives the parameter its values back, which from now on stay.</summary>
    public abstract void Expose();

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
    {
        GiveOut();
        return base.named_parameters(recurse);
    }

    public override Parameter? get_parameter(string target)
    {
        GiveOut();
        return base.get_parameter(target);
    }

    // These replace parameters without asking for them.
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        GiveOut();
        return base._to(device, dtype, non_blocking);
    }

    protected override nn.Module _to(TorchSharp.DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        GiveOut();
        return base._to(deviceType, deviceIndex, non_blocking);
    }

    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        GiveOut();
        return base._to(dtype, non_blocking);
    }

    /// <summary>Replaces a parameter without memory.</summary>
    private protected virtual void Replace(Parameter weight) =>
        throw new NotSupportedException($"The weight of a {GetType().Name} is not deferred.");

    protected override void Dispose(bool disposing)
    {
        if (disposing) Stored?.Dispose();
        base.Dispose(disposing);
    }

    private void GiveOut()
    {
        if (Weight.device_type != TorchSharp.DeviceType.META && Network is not { IsBorrowed: true }) Expose();
    }
}
