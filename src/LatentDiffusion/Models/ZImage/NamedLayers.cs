using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Layers by name, of which there is one: published transformers of Z-Image have one size of patches.</summary>
internal sealed class NamedLayers<T> : LayerGroup where T : nn.Module
{
    private readonly string _name;
    private bool _registered;

    public NamedLayers(string name, T layer) : base(nameof(NamedLayers<>)) => (_name, Layer) = (name, layer);

    /// <summary>The layer.</summary>
    public T Layer { get; }

    protected override void RegisterComponents()
    {
        if (_registered) return;
        _registered = true;
        register_module(_name, Layer);
    }
}
