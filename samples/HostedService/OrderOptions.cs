using System.ComponentModel.DataAnnotations;

namespace HostedService;

/// <summary>Configuration of the orders.</summary>
internal sealed class OrderOptions
{
    [Required(ErrorMessage = "Orders:Folder is empty; expected a folder.")]
    public required string Folder { get; set; }

    [MinLength(1)]
    public IReadOnlyList<string> Prompts { get; set; } = [];

    /// <summary>Whether an argument such as <c>Folder=drawings</c> or <c>Prompts:0=a star</c> begins with one of these options.</summary>
    public static bool IsSetting(string argument) =>
        new[] { nameof(Folder), nameof(Prompts) }.Contains(
            argument[..argument.AsSpan().IndexOfAny(':', '=')], StringComparer.OrdinalIgnoreCase);
}
