using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The projection of the "full" IP-Adapter, such as <c>ip-adapter-full-face</c>: one token of each hidden state of the image. Parameter
/// names are the published ones; 1 is the activation.
/// </summary>
internal sealed class MlpImageProjection : ImageProjection
{
    [ComponentName(Name = "proj")] private readonly Layers _projection;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="inputWidth">Width of the hidden states.</param>
    /// <param name="innerWidth">Width between the two layers.</param>
    /// <param name="width">Width of a token.</param>
    public MlpImageProjection(LayerFactory layers, long inputWidth, long innerWidth, long width) : base(nameof(MlpImageProjection))
    {
        InputWidth = inputWidth;
        _projection = new Layers(layers, inputWidth, innerWidth, width);
        RegisterComponents();
    }

    public override bool ReadsHiddenStates => true;

    public override long InputWidth { get; }

    /// <param name="states">[images, states, input width].</param>
    /// <returns>[images, states, width].</returns>
    public override Tensor forward(Tensor states) => _projection.call(states);

    private sealed class Layers : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "0")] private readonly LinearLayer _first;
        [ComponentName(Name = "2")] private readonly LinearLayer _second;
        [ComponentName(Name = "3")] private readonly LayerNormLayer _norm;

        public Layers(LayerFactory layers, long inputWidth, long innerWidth, long width) : base(NativeModule.Create(nameof(Layers)), 0)
        {
            _first = layers.Linear(inputWidth, innerWidth);
            _second = layers.Linear(innerWidth, width);
            _norm = layers.LayerNorm(width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor states)
        {
            using DisposeScope scope = NewDisposeScope();
            return _norm.call(_second.call(nn.functional.gelu(_first.call(states)))).MoveToOuterDisposeScope();
        }
    }
}
