namespace LatentDiffusion;

/// <summary>
/// Which notations of Stable Diffusion web UI prompts may use in addition to weights
/// (<see cref="PromptSyntaxBuilderExtensions.UsePromptSyntax"/>). A backslash before a character makes it text.
/// </summary>
public sealed record PromptSyntaxOptions
{
    /// <summary>
    /// Whether <c>[from:to:when]</c>, <c>[to:when]</c> and <c>[from::when]</c> change the text at a step:
    /// see <see cref="PromptSchedule"/>. Default true.
    /// </summary>
    public bool Editing { get; init; } = true;

    /// <summary>Whether <c>[a|b|c]</c> takes the next text at each step. Default true.</summary>
    public bool Alternation { get; init; } = true;

    /// <summary>
    /// Whether <c>a :1.2 AND b</c> composes prompts with weights (Liu et al. 2022, "Compositional Visual Generation with Composable
    /// Diffusion Models", equation 11). Not in negative prompts. Default true.
    /// </summary>
    public bool Composition { get; init; } = true;

    /// <summary>Whether text from <c>#</c> to the end of its line is left out. Default true.</summary>
    public bool Comments { get; init; } = true;
}
