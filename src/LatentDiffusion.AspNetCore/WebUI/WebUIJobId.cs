using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Identifier of a job of this API. Each iteration (<c>n_iter</c>) of a request is a job, and the identifier says which, so that any server
/// of the queue can report and interrupt the request.
/// </summary>
/// <param name="Request">Identifier of the request.</param>
/// <param name="Number">Number of the iteration, from 0.</param>
/// <param name="Count">Number of iterations of the request.</param>
internal sealed partial record WebUIJobId(string Request, int Number, int Count)
{
    public static string NewRequest() => Guid.CreateVersion7().ToString("n");

    /// <summary>Null for jobs of other APIs.</summary>
    public static WebUIJobId? Parse(string id)
    {
        Match match = Form.Match(id);
        return match.Success
            ? new WebUIJobId(match.Groups[1].Value, Number(match.Groups[2]), Number(match.Groups[3]))
            : null;

        static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Request}-webui-{Number}-{Count}");

    [GeneratedRegex(@"\A([0-9a-f]{32})-webui-([0-9]{1,6})-([0-9]{1,6})\z")]
    private static partial Regex Form { get; }
}
