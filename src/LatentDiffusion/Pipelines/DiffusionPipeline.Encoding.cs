using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>Prompts to embeddings, for requests that bring them.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>
    /// Encodes prompts as a generation does, for <see cref="GenerationRequest.PromptEmbeds"/>: with the pipeline's text encoder, which
    /// unlike <see cref="DiffusionModel.TextEncoder"/> reads weights with
    /// <see cref="PromptWeightingBuilderExtensions.UsePromptWeighting"/>.
    /// </summary>
    /// <param name="prompts">
    /// At least one, each of at most <see cref="DiffusionPipelineOptions.MaximumPromptLength"/> characters. All get as many tokens as the
    /// longest.
    /// </param>
    /// <param name="cancellationToken">Checked before the encoder is called.</param>
    /// <returns>A batch of as many, on the device where the pipeline computes. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">
    /// No prompt is given, or one is null, too long, or changes from step to step
    /// (<see cref="PromptSyntaxBuilderExtensions.UsePromptSyntax"/>); the message names it. Nothing was computed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        _calls.ThrowIfClosed();
        if (prompts.Count == 0) throw new ArgumentException("At least one prompt is needed.", nameof(prompts));
        int most = _components.Options.MaximumPromptLength;
        for (int i = 0; i < prompts.Count; i++)
        {
            string name = $"{nameof(prompts)}[{i}]";
            RequestValidator.Check(prompts[i] is not null, name, "null", "a text");
            RequestValidator.Check(prompts[i].Length <= most, name, $"{prompts[i].Length} characters long", $"at most {most}");
        }

        PromptReader reader = _components.PromptReader;
        string[] texts = [.. prompts.Select((prompt, i) => reader.ReadConstant(prompt, $"{nameof(prompts)}[{i}]", _components))];
        _components.WarnIfTruncated(texts);
        return Encode(
            encoder => encoder.Encode([.. texts.Select(text => reader.ForEncoder(text, encoder))], cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Encodes the empty negative prompt as a generation does, for <see cref="GenerationRequest.NegativePromptEmbeds"/>.
    /// </summary>
    /// <param name="count">How many, at least 1. Default 1.</param>
    /// <param name="cancellationToken">Checked before the encoder is called.</param>
    /// <returns>A batch of as many, on the device where the pipeline computes. The caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public Conditioning EncodeUnconditional(int count = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Encode(encoder => encoder.EncodeUnconditional(count, cancellationToken), cancellationToken);
    }

    /// <summary>Computes with a feature of the pipeline outside of a generation, without gradients.</summary>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    internal TResult Compute<TFeature, TResult>(Func<TFeature, PipelineComponents, TResult> compute) where TFeature : IPipelineFeature
    {
        using PipelineCalls.Call call = _calls.Begin();
        using IDisposable noGrad = no_grad();
        return compute(_components.Features.OfType<TFeature>().Single(), _components);
    }

    private Conditioning Encode(Func<ITextEncoder, Conditioning> encode, CancellationToken cancellationToken)
    {
        using PipelineCalls.Call call = _calls.Begin();
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable there = _components.Offloader.Load(cancellationToken, _components.TextEncoder);
        using IDisposable noGrad = no_grad();
        return encode(_components.TextEncoder);
    }
}
