using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Layers that belong together and are not evaluated as one layer of one input.</summary>
internal abstract class LayerGroup(string name) : nn.Module<Tensor, Tensor>(NativeModule.Create(name), 0)
{
    public sealed override Tensor forward(Tensor input) =>
        throw new NotSupportedException($"A {GetType().Name} is not evaluated as one layer.");
}
