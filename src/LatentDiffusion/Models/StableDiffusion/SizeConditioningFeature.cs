using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Gives a denoiser the numbers about an image's size that it reads (Podell et al. 2023, section 2.2).</summary>
/// <param name="denoiser">Description of the denoiser.</param>
/// <param name="device">Where the denoiser computes.</param>
internal sealed class SizeConditioningFeature(DenoiserDescription denoiser, Device device) : IPipelineFeature
{
    // As the refiner of SDXL was published.
    private const double PositiveScore = 6, NegativeScore = 2.5;

    private readonly SizeConditioning _kind = TimeIds.ReadBy(denoiser);

    /// <summary>Whether the denoiser reads such numbers.</summary>
    public bool IsRead => _kind != SizeConditioning.None;

    public static void AddTo(PipelineAssembly assembly) =>
        assembly.Features.Add(new SizeConditioningFeature(assembly.Denoiser.Description, assembly.Device));

    /// <summary>Fills in the numbers that a request leaves open, and refuses those that the denoiser does not read.</summary>
    public GenerationRequest Complete(GenerationRequest request)
    {
        const string Name = nameof(request.SizeConditioningInput), NegativeName = nameof(request.NegativeSizeConditioningInput);
        if (!IsRead)
        {
            const string None = "null: the model is not conditioned on sizes";
            RequestValidator.Check(request.SizeConditioningInput is null, Name, "given", None);
            RequestValidator.Check(request.NegativeSizeConditioningInput is null, NegativeName, "given", None);
            return request;
        }

        int width = request.Width!.Value, height = request.Height!.Value;
        SizeConditioningInput input = request.SizeConditioningInput ?? new SizeConditioningInput();
        SizeConditioningInput negative = request.NegativeSizeConditioningInput ?? input with { AestheticScore = null };
        return request with
        {
            SizeConditioningInput = input.Complete(_kind, Name, width, height, PositiveScore),
            NegativeSizeConditioningInput = negative.Complete(_kind, NegativeName, width, height, NegativeScore),
        };
    }

    public (Conditioning Text, Conditioning? Negative) Condition(
        (Conditioning Text, Conditioning? Negative) prompt, GenerationRequest pass)
    {
        if (!IsRead) return prompt;
        Conditioning text = With(prompt.Text, pass.SizeConditioningInput!);
        return (text, prompt.Negative is { } negative ? With(negative, pass.NegativeSizeConditioningInput!) : null);
    }

    private Conditioning With(Conditioning conditioning, SizeConditioningInput input) =>
        conditioning.With(TimeIds.Name, input.ToTensor(device));
}
