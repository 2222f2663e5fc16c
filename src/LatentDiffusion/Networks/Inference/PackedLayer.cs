using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A layer whose weight is packed in the inference form (<see cref="InferenceForm"/>). Whoever asks for its parameters, to
/// save, hash, move, train or change them, finds them as they are in the plain form.
/// </summary>
internal abstract class PackedLayer : nn.Module<Tensor, Tensor>
{
    /// <param name="name">Name of the class.</param>
    private protected PackedLayer(string name) : base(NativeModule.Create(name), 0)
    {
    }

    /// <summary>The parameter, whose values are elsewhere in the inference form.</summary>
    public abstract Parameter Weight { get; }

    /// <summary>The network that the layer belongs to, once that has been evaluated.</summary>
    public NetworkWeights? Network { get; set; }

    /// <summary>Whether the network is in the inference form. Hooks of the layer itself are not called in it.</summary>
    public bool IsPacked => Network is { IsInferenceForm: true };

    /// <summary>Gives the parameter its values back. The network is held exclusively.</summary>
    public abstract void Unpack();

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
    {
        Network?.LeaveInferenceForm();
        return base.named_parameters(recurse);
    }

    public override Parameter? get_parameter(string target)
    {
        Network?.LeaveInferenceForm();
        return base.get_parameter(target);
    }
}
