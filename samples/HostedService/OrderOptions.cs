using System.ComponentModel.DataAnnotations;

namespace HostedService;

/// <summary>Configuration of the orders.</summary>
internal sealed class OrderOptions
{
    [Required]
    public required string Folder { get; set; }

    [MinLength(1)]
    public IReadOnlyList<string> Prompts { get; set; } = [];
}
