using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Reconstructs images by the model's autoencoder, which limits how well a generated image can be drawn.</summary>
internal static class Reconstructions
{
    public static ImageBuffer Create(IAutoencoder autoencoder, ImageBuffer image)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using LatentDistribution latents = autoencoder.Encode(ImageTensor.FromImage(image));
        return ImageTensor.ToImages(autoencoder.Decode(latents.Mean))[0];
    }
}
