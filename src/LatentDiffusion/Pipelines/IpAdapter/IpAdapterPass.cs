using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The image prompts in one pass, in the order of the pipeline's adapters.</summary>
/// <param name="inputs">One of each adapter.</param>
internal sealed class IpAdapterPass(IReadOnlyList<IpAdapterInput> inputs) : IFeaturePass
{
    private readonly IReadOnlyList<IpAdapterInput> _inputs = inputs;

    /// <summary>Name under which the conditioning has the tokens of an adapter, so that guidance batches them with the text.</summary>
    public static string NameOf(int adapter) => $"ip_adapter.{adapter}";

    /// <summary>Those of images that share their evaluations, and with them the weights and the numbers of images.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        IpAdapterPass[] all = [.. images.Cast<IpAdapterPass>()];
        return new IpAdapterPass([.. _inputs.Select((input, i) => input with { Masks = Joined(i) })]);

        Tensor? Joined(int i) => _inputs[i].Masks is null ? null : cat([.. all.Select(image => image._inputs[i].Masks!)]);
    }

    public (Conditioning Text, Conditioning? Negative) Condition((Conditioning Text, Conditioning? Negative) prompt)
    {
        for (int i = 0; i < _inputs.Count; i++)
        {
            IpAdapterTokens tokens = _inputs[i].Tokens;
            prompt = (prompt.Text.With(NameOf(i), tokens.Text), prompt.Negative?.With(NameOf(i), tokens.Negative!));
        }

        return prompt;
    }

    public IDenoiserRun Extend(IDenoiser denoiser, ISchedulerRun run) => new ImagePromptedRun(denoiser, _inputs, run);
}
