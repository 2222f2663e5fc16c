namespace LatentDiffusion;

/// <summary>A text encoder that can also read weights and long prompts.</summary>
public interface IPromptableTextEncoder : ITextEncoder
{
    /// <summary>An encoder over the same networks that reads prompts as told. It owns nothing; this encoder stays as it is.</summary>
    /// <param name="options">How to read and encode.</param>
    /// <exception cref="System.ComponentModel.DataAnnotations.ValidationException">An option is out of its range; the message names it.</exception>
    ITextEncoder WithPrompting(PromptingOptions options);
}
