using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>A stream of standard normal noise. The same source gives the same stream on every device.</summary>
public interface INoiseSource
{
    /// <summary>Draws the next noise.</summary>
    /// <param name="like">Shape, data type and device of the result; its values are not read.</param>
    Tensor NextLike(Tensor like);
}
