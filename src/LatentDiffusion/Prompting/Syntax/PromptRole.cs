using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>
/// Marks conditionings by the prompt that they stand for, so that guidance of any kind may join and repeat them before
/// <see cref="PromptedRun"/> replaces them.
/// </summary>
internal static class PromptRole
{
    /// <summary>The prompt.</summary>
    public const long Text = 1;

    /// <summary>The negative prompt.</summary>
    public const long Negative = 2;

    private const string Name = "prompt_role";

    /// <summary>A conditioning of one prompt with its mark.</summary>
    public static Conditioning Mark(Conditioning one, long role) => one.With(Name, tensor(new[] { role }));

    /// <summary>The mark of each row; null for a conditioning without.</summary>
    public static long[]? Of(Conditioning conditioning) =>
        conditioning.Additional.TryGetValue(Name, out Tensor? roles) ? [.. roles.data<long>()] : null;
}
