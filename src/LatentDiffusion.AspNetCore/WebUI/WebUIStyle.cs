namespace LatentDiffusion.AspNetCore;

/// <summary>
/// A style of the web UI API: text that requests add to their prompts by its name. <c>{prompt}</c> in it is the place of the request's
/// prompt; otherwise it follows after a comma.
/// </summary>
/// <param name="Name">Its name in the field <c>styles</c>.</param>
/// <param name="Prompt">Added to the prompt. Default empty.</param>
/// <param name="NegativePrompt">Added to the negative prompt. Default empty.</param>
public sealed record WebUIStyle(string Name, string Prompt = "", string NegativePrompt = "");
