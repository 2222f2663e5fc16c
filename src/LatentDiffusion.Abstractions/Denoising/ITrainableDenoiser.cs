using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A denoiser whose network can be trained: objectives, validation and distillation evaluate it through this interface.</summary>
public interface ITrainableDenoiser : IDenoiser
{
    /// <summary>Name of the network among a model's components, such as <c>unet</c> or <c>transformer</c>.</summary>
    string ComponentName { get; }

    /// <summary>The network. Its parameters are trained and their type may change meanwhile; its mode is the caller's to choose.</summary>
    nn.Module Network { get; }

    /// <summary>
    /// Evaluates the network once as <see cref="IDenoiser.Predict"/> does, in the present type of its parameters and with gradients where
    /// they are enabled.
    /// </summary>
    /// <param name="input">The same input as for a prediction. Its tensors are on the device of the network.</param>
    /// <returns>
    /// The prediction, [batch, <see cref="DenoiserDescription.OutputChannels"/>, height, width], in the type of the latents.
    /// </returns>
    Tensor Forward(DenoiserInput input);

    /// <summary>
    /// A copy with separate weights, of the same type and on the same device, for networks that follow the trained one.
    /// </summary>
    /// <exception cref="NotSupportedException">The default: the network cannot be copied.</exception>
    ITrainableDenoiser Copy() =>
        throw new NotSupportedException($"{GetType().Name} does not support copies: it does not override {nameof(Copy)}.");

    /// <summary>A float32 copy with weights of its own, on the same device, to be distilled from this denoiser.</summary>
    /// <param name="guidanceWidth">
    /// Width of an embedding of <see cref="DenoiserInput.GuidanceScales"/> that the copy reads, and that changes no prediction before it
    /// is trained; null for a copy that reads what this denoiser reads.
    /// </param>
    /// <exception cref="NotSupportedException">The default: the denoiser does not make students.</exception>
    ITrainableDenoiser CreateStudent(int? guidanceWidth) =>
        throw new NotSupportedException($"{GetType().Name} does not make students: it does not override {nameof(CreateStudent)}.");
}
