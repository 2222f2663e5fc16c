using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The patch-adversarial term (Esser et al. 2021, equations 5 to 7) as one scalar: the autoencoder's parameters get the
/// gradient of its own loss with the discriminator's answer added, the discriminator's that of its hinge loss (Lim &amp;
/// Ye 2017), and neither gets any of the other's. One optimizer then steps both at once, and one checkpoint holds both.
/// </summary>
internal sealed class AdversarialLoss
{
    // As published.
    private const double Epsilon = 1e-4, LargestFactor = 1e4;

    private readonly PatchDiscriminator _discriminator;
    private readonly AutoencoderTrainingOptions _options;
    private readonly Func<Parameter> _lastLayer;

    /// <param name="discriminator">Distinguishes real images from reconstructions.</param>
    /// <param name="autoencoder">The network that is trained against it.</param>
    /// <param name="options">Weight and start.</param>
    public AdversarialLoss(PatchDiscriminator discriminator, nn.Module autoencoder, AutoencoderTrainingOptions options)
    {
        (_discriminator, _options) = (discriminator, options);
        // Looked up at each step: mixed precision replaces a network's parameters.
        _lastLayer = () =>
        {
            using NetworkUse weights = NetworkUse.ToRead(autoencoder);
            return autoencoder.named_parameters().First(p => p.name == "decoder.conv_out.weight").parameter;
        };
    }

    /// <summary>Adds the adversary's part once it has begun.</summary>
    /// <param name="loss">The autoencoder's loss without it.</param>
    /// <param name="reconstruction">Of the images, with its gradient.</param>
    /// <param name="pixels">The images.</param>
    /// <param name="step">Where the run stands; receives the parts as metrics.</param>
    public Tensor AddTo(Tensor loss, Tensor reconstruction, Tensor pixels, TrainingStep step)
    {
        if (step.Step < _options.AdversarialStart) return loss;
        Tensor generator = -Frozen(reconstruction).mean();
        double factor = _options.AdaptiveAdversarialWeight ? Factor(loss, generator) : 1;
        Tensor real = Judge(pixels), fake = Judge(reconstruction.detach());
        Tensor onReal = real.SubtractFrom(1).relu().mean(), onFake = fake.Add(1).relu().mean();
        Tensor discriminator = onReal.Add(onFake).Multiply(0.5);
        step.Report("adversarial", generator);
        step.Report("adversarial_factor", factor);
        step.Report("discriminator", discriminator);
        return loss.Add(generator.Multiply(_options.AdversarialWeight * factor)).Add(discriminator);
    }

    /// <summary>The discriminator's answer, whose gradient passes it by.</summary>
    private Tensor Frozen(Tensor images)
    {
        Parameter[] parameters = [.. _discriminator.parameters()];
        try
        {
            foreach (Parameter parameter in parameters) parameter.requires_grad = false;
            return Judge(images);
        }
        finally
        {
            foreach (Parameter parameter in parameters) parameter.requires_grad = true;
        }
    }

    private Tensor Judge(Tensor images) => _discriminator.call(images.to(_discriminator.parameters().First().dtype)).to(images.dtype);

    /// <summary>Brings both gradients to the same size at the decoder's last layer (Esser et al. 2021, equation 7).</summary>
    private double Factor(Tensor loss, Tensor generator)
    {
        Parameter last = _lastLayer();
        double own = Norm(loss), adversarial = Norm(generator);
        return Math.Clamp(own / (adversarial + Epsilon), 0, LargestFactor);

        double Norm(Tensor of) => autograd.grad([of], [last], retain_graph: true)[0].norm().to(ScalarType.Float64).item<double>();
    }
}
