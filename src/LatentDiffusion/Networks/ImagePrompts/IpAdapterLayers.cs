using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Keys and values of image tokens for each cross-attention layer. The published names number all attention layers, of which every
/// second attends to the text: 1, 3, 5 and so on.
/// </summary>
internal sealed class IpAdapterLayers : LayerGroup
{
    private readonly Layer[] _layers;
    private bool _registered;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="tokenWidth">Width of a token.</param>
    /// <param name="widths">Width of each cross-attention layer, in the published order.</param>
    public IpAdapterLayers(LayerFactory layers, long tokenWidth, IReadOnlyList<int> widths) : base(nameof(IpAdapterLayers))
    {
        _layers = [.. widths.Select(width => new Layer(layers, tokenWidth, width))];
        RegisterComponents();
    }

    /// <summary>The published number of a cross-attention layer.</summary>
    /// <param name="index">Its index in the published order.</param>
    public static int Number(int index) => 2 * index + 1;

    /// <inheritdoc cref="IpAdapterNetwork.KeysAndValues"/>
    public IReadOnlyList<(Tensor Keys, Tensor Values)?> KeysAndValues(Tensor tokens, Func<int, bool> reads) =>
        [.. _layers.Select((layer, i) => reads(i) ? layer.KeysAndValues(tokens) : ((Tensor, Tensor)?)null)];

    protected override void RegisterComponents()
    {
        if (_registered) return;
        _registered = true;
        for (int i = 0; i < _layers.Length; i++) register_module(Number(i).ToString(CultureInfo.InvariantCulture), _layers[i]);
    }

    private sealed class Layer : LayerGroup
    {
        [ComponentName(Name = "to_k_ip")] private readonly LinearLayer _key;
        [ComponentName(Name = "to_v_ip")] private readonly LinearLayer _value;

        public Layer(LayerFactory layers, long tokenWidth, long width) : base(nameof(Layer))
        {
            _key = layers.Linear(tokenWidth, width, bias: false);
            _value = layers.Linear(tokenWidth, width, bias: false);
            RegisterComponents();
        }

        public (Tensor Keys, Tensor Values) KeysAndValues(Tensor tokens) => (_key.call(tokens), _value.call(tokens));
    }
}
