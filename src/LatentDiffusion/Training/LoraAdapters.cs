namespace LatentDiffusion.Training;

/// <summary>The adapters of one network, as the component that is trained.</summary>
internal sealed class LoraAdapters : LayerGroup
{
    /// <param name="adapters">The adapters by the layer's published name, which a run's checkpoints are then held against.</param>
    public LoraAdapters(IEnumerable<(string Layer, LoraAdapter Adapter)> adapters) : base(nameof(LoraAdapters))
    {
        // A module's name has no dots.
        foreach ((string layer, LoraAdapter adapter) in adapters) register_module(layer.Replace('.', '/'), adapter);
    }
}
