using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A network that enlarges images: RGB in [0, 1] to RGB that is nominally in [0, 1].</summary>
/// <param name="name">Name of the class.</param>
internal abstract class UpscalingNetwork(string name) : nn.Module<Tensor, Tensor>(NativeModule.Create(name), 0)
{
    /// <summary>How many times wider and higher the result is, at least 1.</summary>
    public abstract int Scale { get; }

    /// <summary>Height and width of the input are multiples of this, at least 1.</summary>
    public abstract int SizeMultiple { get; }

    /// <summary>Values that the largest layers hold at once for a pixel of the input.</summary>
    public abstract long ValuesPerPixel { get; }

    /// <summary>Enlarges images, without gradients. Safe for concurrent calls.</summary>
    /// <param name="images">[batch, 3, height, width] on the network's device, in the type of its weights.</param>
    /// <returns>[batch, 3, Scale·height, Scale·width].</returns>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public Tensor Evaluate(Tensor images)
    {
        using IDisposable noGradient = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return call(images);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
