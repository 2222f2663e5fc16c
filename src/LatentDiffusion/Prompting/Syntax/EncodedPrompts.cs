namespace LatentDiffusion.Prompting;

/// <summary>The prompts of a request with the conditioning of each of their texts, all of the same number of tokens.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="Texts">Conditioning of each text of the prompt.</param>
/// <param name="NegativeTexts">Conditioning of each text of the negative prompt; none where nothing needs it.</param>
internal sealed record EncodedPrompts(
    RequestPrompts Prompts, IReadOnlyList<Conditioning> Texts, IReadOnlyList<Conditioning> NegativeTexts)
{
    /// <summary>Whether guidance needs the negative prompt.</summary>
    public required bool GuidesByNegative { get; init; }

    /// <summary>Conditioning of the prompt in the first step.</summary>
    public Conditioning Text => Texts[0];

    /// <summary>Conditioning of the negative prompt in the first step; null where guidance does not need it.</summary>
    public Conditioning? Negative => GuidesByNegative ? NegativeTexts[0] : null;

    /// <summary>Whether each prompt is one text in all steps.</summary>
    public bool AreConstant => Prompts.Prompt.IsConstant && (NegativeTexts.Count == 0 || Prompts.Negative.IsConstant);
}
