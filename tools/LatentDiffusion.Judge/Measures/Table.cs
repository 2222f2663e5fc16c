using System.Text;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>Tables in Markdown.</summary>
internal static class Table
{
    public static string Markdown(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var page = new StringBuilder();
        page.AppendTable(head, rows);
        return page.ToString().TrimEnd('\n') + "\n";
    }
}
